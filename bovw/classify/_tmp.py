import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import StratifiedKFold
class ScoreFusion(BaseEstimator):
    def __init__(self, weights="cv"): self.weights=weights
    def fit(self, scores, y): self.weights_=np.full(len(scores),1/len(scores)); return self
    def transform(self, scores): return sum(w*s for w,s in zip(self.weights_,scores))
class OneVsRestSGD(BaseEstimator): pass
def out_of_fold_scores(clf, X, y, *, cv=5, random_state=0):
    out=None
    for a,b in StratifiedKFold(cv,shuffle=True,random_state=random_state).split(X,y):
        s=clone(clf).fit(X[a],y[a]).decision_function(X[b])
        if out is None: out=np.zeros((len(X),)+s.shape[1:],np.float32)
        out[b]=s
    return out
