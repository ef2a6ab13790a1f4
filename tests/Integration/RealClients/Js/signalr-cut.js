// node signalr-cut.js ADDRESS json|messagepack CUTS MESSAGES
// One connection with stateful reconnect, whose TCP connection is reset again and again while messages are under way. Prints what it
// was told, the connection's id before and after, and how often it had to connect.
import net from "node:net";
import { HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

const [address, protocol, ...numbers] = process.argv.slice(2);
const [cuts, messages] = numbers.map(Number);
const target = new URL(address);

let open = [];
let connects = 0;
const relay = net.createServer(from => {
  const to = net.connect(target.port, target.hostname);
  connects++;
  open.push(from, to);
  for (const socket of [from, to]) {
    socket.on("error", () => {});
  }

  from.pipe(to).pipe(from);
});
await new Promise(listening => relay.listen(0, "127.0.0.1", listening));

function cut() {
  open.forEach(socket => socket.resetAndDestroy());
  open = [];
}

const connection = new HubConnectionBuilder()
  .withUrl(`http://127.0.0.1:${relay.address().port}/chat`, { transport: HttpTransportType.WebSockets, skipNegotiation: false })
  .withHubProtocol(protocol === "json" ? new JsonHubProtocol() : new MessagePackHubProtocol())
  .withStatefulReconnect()
  .configureLogging(LogLevel.Critical)
  .build();
const told = { answers: [], heard: [] };
connection.on("said", number => void told.heard.push(number));
connection.onclose(error => { throw error ?? new Error("closed"); });
await connection.start();

const ids = [connection.connectionId];
const before = connects;
for (let i = 0; i < cuts; i++) {
  const underWay = Array.from({ length: messages }, () => connection.invoke("Say"));
  await underWay[0];
  cut();
  told.answers.push(...await Promise.all(underWay));
  while (connects === before + i) {
    await new Promise(setImmediate); // all may have arrived before the cut
  }
}

ids.push(connection.connectionId);
console.log(JSON.stringify({ told, ids, reconnects: connects - before }));
process.exit();
