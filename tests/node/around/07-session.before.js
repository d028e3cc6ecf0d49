// Whoever looks for the machine redis-server finds the Redis of the test.
const net = require('net');
const connect = net.createConnection;
net.createConnection = net.connect = (...words) => words[0].host === 'redis-server' && words[0].port === 6379 ? connect(process.env.REDIS) : connect(...words);

