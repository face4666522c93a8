# Works on tasks of the kind custom.greet. Needs Python 3 and nothing else:
#   SIGNALBOX_URL=http://127.0.0.1:8080 SIGNALBOX_KEY=sbk_... SIGNALBOX_TENANT=tenant_a python3 worker.py
import json, os, threading, urllib.error, urllib.request

URL, KEY, TENANT = (os.environ["SIGNALBOX_" + name] for name in ("URL", "KEY", "TENANT"))

def post(path, **body):
    headers = {"Authorization": "Bearer " + KEY, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/worker/{path}?tenant_id={TENANT}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)

def keep(task, done):
    while not done.wait(15):  # a lease is 60 seconds, unless the kind was registered with another one
        if post("heartbeat", **task)["cancel_requested"]:
            return done.set()

def greet(payload):
    return {"greeting": "Hello, " + payload["name"]}

while True:
    leased = post("lease", kinds=["custom.greet"], wait_seconds=20)["task"]
    if leased is None:
        continue
    task = {"task_id": leased["task_id"], "fencing": leased["fencing"]}
    done = threading.Event()
    threading.Thread(target=keep, args=(task, done), daemon=True).start()
    try:
        report = ("complete", {"result": greet(leased["payload"])})
    except Exception as error:
        report = ("fail", {"message": str(error) or type(error).__name__})
    done.set()
    try:
        post(report[0], **task, **report[1])
    except urllib.error.HTTPError as refused:
        print("not ours any more:", refused.read().decode())  # 409: somebody else has it, drop it
