// An app as any other, on the port that PORT says.
const http = require('http');

const server = http.createServer((request, response) => {
  if (request.url === '/health')
    return response.end('OK');
  const delay = Number(new URL(request.url, 'http://localhost').searchParams.get('delay') ?? 0);
  setTimeout(() => response.end(`Handled by process ${process.pid}\n`), delay);
});

server.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
process.on('SIGTERM', () => server.close(() => process.exit(0)));
