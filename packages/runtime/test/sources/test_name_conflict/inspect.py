raise RuntimeError("the wrong inspect")
