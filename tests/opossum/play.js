// Plays a script of calls through the real opossum on simulated time, and prints what can be seen of it after each step.
// Standard input: {"options": {...}, "steps": [{"at": ms, "do": "call"|"open"|"close"|"look", "end": "ok"|"error"|"never", "after": ms}]}
'use strict';

const { mock } = require('node:test');
const CircuitBreaker = require('opossum');

const { options, steps } = JSON.parse(require('fs').readFileSync(0, 'utf8'));

// Promises hang on promises a few deep.
const settle = async () => { for (let i = 0; i < 12; i++) await null; };

(async () => {
  mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const ends = [];
  const events = { open: 0, close: 0, halfOpen: 0 };
  const breaker = new CircuitBreaker(call => new Promise((resolve, reject) => {
    if (call.end !== 'never') setTimeout(() => (call.end === 'ok' ? resolve() : reject(new Error('no'))), call.after);
  }), { rollingPercentilesEnabled: false, enableSnapshots: false, ...options });
  for (const name of Object.keys(events)) breaker.on(name, () => events[name]++);
  const totals = { fire: 0, success: 0, failure: 0, timeout: 0, reject: 0, semaphoreLocked: 0 };
  for (const name of Object.keys(totals)) breaker.on(name, () => totals[name]++);

  let now = 0;
  for (const step of steps) {
    // One millisecond at a time: promises have to be settled between two timers.
    for (; now < step.at; now++) {
      mock.timers.tick(1);
      await settle();
    }
    if (step.do === 'call') {
      const number = ends.push('pending') - 1;
      breaker.fire(step).then(() => (ends[number] = 'ok'), error => (ends[number] = error.code || 'error'));
      await settle();
    } else if (step.do !== 'look') {
      breaker[step.do]();
    }
    const stats = breaker.stats;
    console.log(JSON.stringify([
      breaker.opened ? 'Open' : breaker.halfOpen ? 'HalfOpen' : 'Closed',
      breaker.pendingClose, stats.fires, stats.failures,
      totals.fire, totals.success, totals.failure, totals.timeout, totals.reject, totals.semaphoreLocked,
      events.open, events.halfOpen, events.close,
    ]));
  }
  breaker.shutdown();
})();
