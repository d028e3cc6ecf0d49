// A client with the npm package ws: many sockets at once, text and bytes of many sizes, pings, a clean end: client.mjs URL
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';

const sizes = [0, 1, 125, 126, 65535, 65536, 1000000, 5000000];

async function talk() {
  const socket = new WebSocket(process.argv[2], { rejectUnauthorized: false, maxPayload: 1 << 30 });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  for (const size of sizes) {
    const sent = randomBytes(size);
    const echo = new Promise(resolve => socket.once('message', resolve));
    socket.send(sent);
    if (!sent.equals(await echo)) throw new Error(`a wrong echo of ${size} bytes`);
    const pong = new Promise(resolve => socket.once('pong', resolve));
    socket.ping('still there?');
    await pong;
  }

  const closed = new Promise(resolve => socket.once('close', resolve));
  socket.close(1000);
  const code = await closed;
  if (code !== 1000) throw new Error(`closed with ${code}`);
}

await Promise.all(Array.from({ length: 16 }, talk));
console.log(`16 sockets, ${sizes.length} echoes each`);
