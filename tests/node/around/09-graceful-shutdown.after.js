// The server and the database that the guide's program ends.
const app = require('express')();
app.get('/', (req, res) => setTimeout(() => res.send(String(process.pid)), Number(req.query.after || 0)));
const server = app.listen(3000);

// As an open connection would, this keeps the process from ending by itself.
const connected = setInterval(() => {}, 1000);
const mongoose = { connection: { close: (force, closed) => { clearInterval(connected); closed(); } } };
