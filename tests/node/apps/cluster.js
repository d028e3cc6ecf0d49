// An app made for Node's own cluster: a primary that forks, workers that listen.
const cluster = require('cluster');
const http = require('http');
const cores = require('os').cpus().length;

if (cluster.isMaster) {
    console.log(`Master ${process.pid} is running`);
    for (let i = 0; i < cores; i++) {
        cluster.fork();
    }
    cluster.on('exit', (worker) => {
        console.log(`Worker ${worker.process.pid} died`);
        cluster.fork();
    });
} else {
    http.createServer((req, res) => {
        res.writeHead(200);
        res.end(`Worker ${process.pid} handled the request\n`);
    }).listen(8000);
    console.log(`Worker ${process.pid} started`);
}
