// node engine-io.js ADDRESS TRANSPORTS page|jar|none VISITORS CONNECTIONS MESSAGES
// TRANSPORTS: "polling", "websocket", or "polling,websocket" for the upgrade from one to the other. With "page" each visitor opens a
// page and sends its cookies with each request; with "jar" the client keeps the cookies that its own requests bring; with "none" it
// ignores cookies. Prints for each visitor what its connections were told, and by which transport they spoke first and last.
import { Socket } from "engine.io-client";

const [address, transportList, cookies, ...numbers] = process.argv.slice(2);
const [visitors, connections, messages] = numbers.map(Number);
const transports = transportList.split(",");
const times = (count, work) => Promise.all(Array.from({ length: count }, work));

async function openPage() {
  const page = await fetch(`${address}count`);
  await page.text();
  return { Cookie: page.headers.getSetCookie().map(cookie => cookie.split(";")[0]).join("; ") };
}

function talk(headers) {
  // The client adds its jar's cookies to the headers that it is given: each needs its own.
  const socket = new Socket(address, { transports, extraHeaders: { ...headers }, withCredentials: cookies === "jar" });
  return new Promise((resolve, reject) => {
    for (const failure of ["error", "upgradeError", "close"]) {
      socket.on(failure, (...reasons) => reject(new Error([failure, ...reasons.map(reason => reason?.context?.status ?? reason)].join(" "))));
    }

    const told = { answers: [], transports: [] };
    const isLast = () => socket.transport.name === transports.at(-1);
    const say = () => socket.send("hello");
    socket.on("open", () => {
      told.transports.push(socket.transport.name);
      say();
    });
    socket.on("upgrade", () => told.answers.length >= messages - 1 && say());
    socket.on("message", answer => {
      told.answers.push(JSON.parse(answer));

      // The last one waits for the transport that was asked for.
      if (told.answers.length === messages) {
        told.transports.push(socket.transport.name);
        resolve({ socket, told });
      } else if (told.answers.length < messages - 1 || isLast()) {
        say();
      }
    });
  });
}

const talks = await times(visitors, async () => {
  const headers = cookies === "page" ? await openPage() : {};
  return await times(connections, () => talk(headers));
});
for (const { socket } of talks.flat()) {
  socket.off("close");
  socket.close();
}

console.log(JSON.stringify(talks.map(visitor => visitor.map(({ told }) => told))));
process.exit();
