from sklearn import metrics as sk_metrics

# modelop.metrics
def dict_metrics(df):
    return {
        "f1": sk_metrics.f1_score(df["label"], df["score"]),
        "confusion_matrix": sk_metrics.confusion_matrix(df["label"], df["score"]).tolist(),
        "raw_matrix": sk_metrics.confusion_matrix(df["label"], df["score"]),
    }
