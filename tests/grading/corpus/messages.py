"""Messages that no honest kernel sends, signed with its key: they gain nothing for ``stamp``, and
cost nothing else, neither the answers beside it nor the process that reads them."""

from __future__ import annotations

from .cases import STAMP, Case, stamp_case
from .forgeries import WRONG

_SENT_BY_STAMP = """
_shell = get_ipython()
def stamp(x, kernel, stride):
    session, socket = _shell.kernel.session, _shell.kernel.iopub_socket
    for kind, content, parent in {sent}:
        try: session.send(socket, kind, content, parent=parent or _shell.parent_header)
        except Exception: pass
    return np.zeros((len(x) - 1) * stride + len(kernel))
"""
_SENT = {
    "display-without-data": "('display_data', {}, None)",
    "status-without-state": "('status', {}, None)",
    "content-is-a-list": "('display_data', [1, 2], None)",
    "content-is-nothing": "('display_data', None, None)",
    "parent-is-a-list": "('status', {'execution_state': 'idle'}, [1])",
    "data-is-a-number": "('display_data', {'data': 5, 'metadata': {}}, None)",
    "deep": "('display_data', {'data': {'text/x-segviz': "
    "eval('[' * 80 + ']' * 80)}, 'metadata': {}}, None)",
    "stream-of-lists": "('stream', {'name': [1], 'text': [2]}, None)",
    "stream-of-numbers": "('stream', {'name': 'stdout', 'text': 2}, None)",
    "error-of-numbers": "('error', {'ename': 1, 'evalue': 2, 'traceback': 3}, None)",
    "error-without-name": "('error', {}, None)",
    "error-of-surrogates": "('error', {'ename': '\\ud800\\x1b[2J', 'evalue': '<script>', "
    "'traceback': ['\\udfff']}, None)",
    "kind-is-a-number": "(5, {}, None)",
    "cleared": "('clear_output', {'wait': False}, None)",
    "idle-at-once": "('status', {'execution_state': 'idle'}, None)",
}

_REPLIES = """
_shell = get_ipython(); _kernel = _shell.kernel
def stamp(x, kernel, stride):
    for content in (None, [], {"status": "aborted"}, {"status": "ok"}, 5):
        for parent in (_shell.parent_header, [1], "x", {"msg_id": 5}):
            for kind in ("execute_reply", 5, None):
                try: _kernel.session.send(_kernel.shell_stream, kind, content, parent=parent)
                except Exception: pass
    return np.zeros(3)
"""
_THREAD = """
import threading, time
_shell = get_ipython()
def _send():
    while True:
        for content in (None, {}, []):
            try: _shell.kernel.session.send(_shell.kernel.iopub_socket, "display_data", content,
                                            parent=_shell.parent_header)
            except Exception: pass
        time.sleep(0.02)
threading.Thread(target=_send, daemon=True).start()
"""
_DEAF = """
_kernel = get_ipython().kernel
_kernel.session.send = lambda *a, **k: None
_kernel.iopub_socket.send = _kernel.iopub_socket.send_multipart = lambda *a, **k: None
"""
_SLOW_THREAD = """
import threading, time
def _talk():
    while True:
        print(".")
        time.sleep(0.3)
threading.Thread(target=_talk, daemon=True).start()
"""

MESSAGES: dict[str, Case] = {
    **{
        f"message-{name}": stamp_case(_SENT_BY_STAMP.replace("{sent}", f"[{sent}]"))
        for name, sent in _SENT.items()
    },
    "message-idle-many-times": stamp_case(
        _SENT_BY_STAMP.replace("{sent}", f"[{_SENT['idle-at-once']}] * 50")
    ),
    "message-many-small-ones": stamp_case(
        _SENT_BY_STAMP.replace(
            "{sent}", "[('stream', {'name': 'stdout', 'text': 'x'}, None)] * 9999"
        )
    ),
    "message-replies": stamp_case(_REPLIES),
    "message-thread": stamp_case(f"{_THREAD}\n{WRONG}"),
    "message-none-at-all": stamp_case(f"{_DEAF}\n{WRONG}"),
    "message-slow-thread": stamp_case(f"{_SLOW_THREAD}\n{STAMP}", points=4.0),
}
