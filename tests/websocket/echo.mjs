// An echo server with the npm package ws, which also serves the page that a browser tries it with, and prints what
// the page found: echo.mjs PORT
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const page = `<!doctype html><title>WebSocket</title><p id="result">waiting</p><script>
const say = text => { document.getElementById('result').textContent = text; fetch('/result?' + encodeURIComponent(text)); };
const socket = new WebSocket(location.origin.replace(/^http/, 'ws') + '/echo');
const sizes = [0, 1, 125, 126, 65535, 65536, 1000000];
let turn = 0;
const send = () => socket.send('x'.repeat(sizes[turn]));
socket.onopen = send;
socket.onmessage = event => {
  if (event.data.length !== sizes[turn]) return say('wrong echo of ' + sizes[turn]);
  if (++turn < sizes.length) return send();
  socket.onclose = close => say(close.wasClean ? 'echoed ' + sizes.length : 'closed uncleanly');
  socket.close(1000);
};
socket.onerror = () => say('error');
</script>`;

const server = createServer((request, response) => {
  const { pathname, search } = new URL(request.url, 'http://localhost');
  if (pathname === '/result') console.log(`${request.headers['x-forwarded-proto']}: ${decodeURIComponent(search.slice(1))}`);
  response.writeHead(200, { 'Content-Type': 'text/html' }).end(page);
});
new WebSocketServer({ server }).on('connection', socket => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
server.listen(Number(process.argv[2]), '127.0.0.1');
