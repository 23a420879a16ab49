"""A model for the tests of score.py that needs no library: a pickle that names `MODEL` is all of it.

What is asked for stands in the first record, `{"do": …}`. SKIFF_TEST_LOAD says what happens while it is loaded.
"""

import os
import random
import sys
import threading
import time

# Without pandas a request stays what the frame holds.
sys.modules["__main__"].build_input = lambda request: request

if os.environ.get("SKIFF_TEST_LOAD") == "thread":
    threading.Thread(target=threading.Event().wait, daemon=True).start()
random.seed(1)
LOADED_IN = os.getpid()


class Model:
    def predict(self, request):
        action = request["data"][0].get("do")
        if action == "crash":
            os.kill(os.getpid(), 11)
        if action == "memory":
            bytearray(1 << 34)
        if action == "hang":
            time.sleep(600)
        if action == "print":
            sys.stdout.write("no end of a line")
            sys.stdout.flush()
        if action == "self-test":
            return [1.5] if os.environ.get("SKIFF_TEST_LOAD") != "wrong" else [2.5]
        return {"process": os.getpid(), "loaded in": LOADED_IN, "drawn": random.random(), "parent": os.getppid()}


MODEL = Model()
