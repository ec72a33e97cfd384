"""How well `clean` found the wrong labels, among those whose truth is known."""

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, precision_recall_curve

_AT_PRECISION = 0.8  # recall is given for the point where four of five flagged labels are wrong
_POINTS = 200  # of the curve, at most


def metrics(judged: pd.DataFrame) -> dict[str, float]:
    """The scores of cleaning; {} if no label is wrong, without a precision if none is flagged.

    Parameters
    ----------
    judged : labels with their `truth`, and what `clean` said: `given`, `quality` and `is_issue`
    """
    wrong = judged["given"] != judged["truth"]
    flagged = judged["is_issue"]
    if not wrong.any():
        return {}
    doubt = 1 - judged["quality"]
    precision, recall, _ = precision_recall_curve(wrong, doubt)
    precision_of_flagged = {"label_errors_precision": float(wrong[flagged].mean())}
    return {
        "label_errors": int(wrong.sum()),
        **(precision_of_flagged if flagged.any() else {}),
        "label_errors_recall": float(flagged[wrong].mean()),
        "label_errors_average_precision": float(average_precision_score(wrong, doubt)),
        "label_errors_recall_at_precision_80": float(recall[precision >= _AT_PRECISION].max()),
    }


def curve(judged: pd.DataFrame) -> pd.DataFrame:
    """The best `precision` at each `recall`, if the labels are looked at worst first.

    Parameters
    ----------
    judged : as in `metrics`

    Returns
    -------
    pd.DataFrame
        0..1, by rising recall from 0 to 1; without rows if no label is wrong
    """
    wrong = judged["given"] != judged["truth"]
    if not wrong.any():
        return pd.DataFrame(columns=["recall", "precision"])
    precision, recall, _ = precision_recall_curve(wrong, 1 - judged["quality"])
    precision[-1] = precision[-2]  # of no label at all, where scikit-learn writes 1
    points = pd.DataFrame({"recall": recall, "precision": precision})
    best = points.groupby("recall", as_index=False).max()
    shown = np.linspace(0, len(best) - 1, min(len(best), _POINTS)).round().astype(int)
    return best.iloc[shown]
