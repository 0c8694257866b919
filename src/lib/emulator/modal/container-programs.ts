// What the emulator puts into the containers of Functions: the program that runs the user's function, and preloads that
// give each container ports of its own. In the original a container has a network to itself; here all share the machine's,
// so listening on the web server's port is moved to a free one on loopback, in Node and Python processes alike.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Names ports as `8000:41234`, the one that is asked for and the one that is had. */
export const portsVariable = "MODAL_EMULATOR_PORTS";

const nodePorts = `import net from "node:net";
const ports = new Map((process.env.${portsVariable} ?? "").split(",").map((pair) => pair.split(":").map(Number)));
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (...args) {
  const asked = typeof args[0] === "object" && args[0] !== null ? args[0].port : args[0];
  const port = ports.get(Number(asked));
  if (port === undefined) return listen.apply(this, args);
  const callback = args.at(-1);
  return listen.call(this, { port, host: "127.0.0.1" }, ...(typeof callback === "function" ? [callback] : []));
};
`;

const pythonPorts = `import os
import socket

_ports = dict(pair.split(":") for pair in os.environ.get("${portsVariable}", "").split(",") if pair)
_bind = socket.socket.bind


def _moved(self, address):
    if isinstance(address, tuple) and len(address) >= 2 and str(address[1]) in _ports:
        address = ("127.0.0.1", int(_ports[str(address[1])]))
    return _bind(self, address)


socket.socket.bind = _moved
`;

const entrypoint = `import importlib
import json
import os
import signal
import sys
import types

with open(sys.argv[1]) as file:
    given = json.load(file)
sys.path.insert(0, os.getcwd())
# As in the original, a container needs no token of its own; here nothing answers it at all.
os.environ.pop("MODAL_TOKEN_ID", None)
os.environ.pop("MODAL_TOKEN_SECRET", None)
module = importlib.import_module(given["module"])

from modal._utils.async_utils import synchronizer
from modal_proto import api_pb2

# The original hands a container the layout of its App, so that a function knows the others' ids and addresses.
for name, function in given["layout"].items():
    value = getattr(module, name, None)
    if hasattr(value, "get_web_url"):
        metadata = api_pb2.FunctionHandleMetadata(function_name=name, web_url=function["webUrl"])
        synchronizer._translate_in(value)._hydrate(function["id"], types.SimpleNamespace(_snapshotted=False), metadata)

target = getattr(module, given["function"])
if hasattr(target, "get_web_url"):
    target = synchronizer._translate_in(target)._raw_f
result = target()
if given["isWebServer"]:
    signal.pause()
elif result is not None:
    print(result)
`;

export interface ContainerPrograms {
  entrypoint: string;
  /** Variables that load the preloads. */
  preloads: Record<string, string>;
}

/** Writes the programs into a folder. */
export async function writeContainerPrograms(folder: string): Promise<ContainerPrograms> {
  const site = join(folder, "python");
  await mkdir(site, { recursive: true });
  await writeFile(join(folder, "ports.mjs"), nodePorts);
  await writeFile(join(site, "sitecustomize.py"), pythonPorts);
  await writeFile(join(folder, "entrypoint.py"), entrypoint);
  return {
    entrypoint: join(folder, "entrypoint.py"),
    preloads: { NODE_OPTIONS: `--import=file://${join(folder, "ports.mjs")}`, PYTHONPATH: site },
  };
}
