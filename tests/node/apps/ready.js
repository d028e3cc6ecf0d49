// An app made for PM2: express, and a message when it is ready.
const express = require('express');
const app = express();

app.get('/', (req, res) => {
    res.send(`Handled by process ${process.pid}`);
});

app.listen(3000, () => {
    console.log(`Worker ${process.pid} started`);
    process.send('ready');
});
