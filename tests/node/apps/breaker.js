// A circuit breaker around a call that fails, with a fallback.
const express = require('express');
const CircuitBreaker = require('opossum');

const breaker = new CircuitBreaker(async () => { throw new Error('the service is down'); }, {
    timeout: 3000,
    errorThresholdPercentage: 50,
    resetTimeout: 30000
});
breaker.fallback(() => ({ data: 'fallback data' }));
breaker.on('reject', () => console.log('Circuit breaker is open'));

const app = express();
app.get('/', async (req, res) => res.json({ ...await breaker.fire(), open: breaker.opened, pid: process.pid }));
app.listen(3000);
