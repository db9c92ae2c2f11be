raise RuntimeError("the wrong string")
