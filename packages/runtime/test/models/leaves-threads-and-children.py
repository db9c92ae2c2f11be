import subprocess
import sys
import threading
import time

child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
threading.Thread(target=time.sleep, args=(3600,)).start()


def action(datum):
    yield child.pid
