import random
import sys

N = int(sys.argv[1]) if len(sys.argv) > 1 else 1000

#modelop.score
def action(seed):
    random.seed(seed)
    inside = sum(random.random() ** 2 + random.random() ** 2 <= 1 for _ in range(N))
    yield {"n": N, "near": abs(4 * inside / N - 3.14) < 0.3, "argv": len(sys.argv)}

if __name__ == "__main__":
    print(next(action(1)))
    sys.exit(3)
