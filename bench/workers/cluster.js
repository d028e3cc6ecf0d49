// The same app under Node's own cluster, which gives connections to its workers in turn.
const cluster = require('cluster');
if (cluster.isPrimary) {
    for (let i = 0; i < Number(process.env.WORKERS); i++)
        cluster.fork();
} else {
    require('./app.js');
}
