// node signalr.js ADDRESS TRANSPORT json|messagepack page|none VISITORS CONNECTIONS MESSAGES
// With "page" each visitor opens a page, which gives cookies; with "none" it ignores cookies. Then it opens all connections at once,
// which say their messages one by one. Prints for each visitor what its connections were told. Warnings of the client go to the
// standard error.
import { DefaultHttpClient, HttpClient, HttpTransportType, HubConnectionBuilder, JsonHubProtocol, LogLevel, NullLogger } from "@microsoft/signalr";
import { MessagePackHubProtocol } from "@microsoft/signalr-protocol-msgpack";

const [address, transport, protocol, cookies, ...numbers] = process.argv.slice(2);
const [visitors, connections, messages] = numbers.map(Number);
const times = (count, work) => Promise.all(Array.from({ length: count }, work));

// The client's own keeps a jar, so each request gets another one.
class ForgetfulHttpClient extends HttpClient {
  send(request) {
    return new DefaultHttpClient(NullLogger.instance).send(request);
  }
}

async function openPage() {
  const httpClient = new DefaultHttpClient(NullLogger.instance);
  await httpClient.get(`${address}count`);
  return httpClient;
}

async function talk(httpClient) {
  const connection = new HubConnectionBuilder()
    .withUrl(`${address}chat`, { httpClient, transport: HttpTransportType[transport], skipNegotiation: false })
    .withHubProtocol(protocol === "json" ? new JsonHubProtocol() : new MessagePackHubProtocol())
    .configureLogging(LogLevel.Warning)
    .build();
  const told = { answers: [], heard: [], streamed: [] };
  connection.on("said", number => void told.heard.push(number));
  await connection.start();
  for (let i = 0; i < messages; i++) {
    told.answers.push(await connection.invoke("Say"));
  }

  await new Promise((complete, error) =>
    connection.stream("CountTo", messages).subscribe({ next: number => told.streamed.push(number), complete, error }));
  return { connection, told };
}

const talks = await times(visitors, async () => {
  const httpClient = cookies === "page" ? await openPage() : new ForgetfulHttpClient();
  return await times(connections, () => talk(httpClient));
});
await Promise.all(talks.flat().map(({ connection }) => connection.stop()));
console.log(JSON.stringify(talks.map(visitor => visitor.map(({ told }) => told))));
process.exit();
