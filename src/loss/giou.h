/* giou.h - the generalised IoU of two boxes as a loss (arXiv 1902.09630). */
#ifndef FL_LOSS_GIOU_H
#define FL_LOSS_GIOU_H

/* 1 - giou of a predicted and a true box, (x1, y1, x2, y2) in any unit, and its
 * slope by the prediction's coordinates. */
double giou_loss(const double *p, const double *t, double slope[4]);

#endif
