// An app that ends gracefully by itself on SIGTERM, and by force when that takes too long.
const express = require('express');
const app = express();

app.get('/', (req, res) => setTimeout(() => res.send(String(process.pid)), Number(req.query.after || 0)));

const server = app.listen(3000);

process.on('SIGTERM', () => {
    console.log('Received SIGTERM. Starting graceful shutdown...');
    server.close(() => {
        console.log('Server closed');
        process.exit(0);
    });
    setTimeout(() => {
        console.error('Could not close connections in time, forcefully shutting down');
        process.exit(1);
    }, 10000);
});

// As a connection to a database would, this keeps the process from ending by itself.
setInterval(() => {}, 1000);
