module.exports = {
  apps: [
    { script: 'a.js', instances: 'many', exec_mode: 'threads', max_restarts: -1, kill_timeout: 'soon', wait_redy: true, max_memory_restart: '5X' },
    { name: 'nothing' },
    { script: 'b.js', interpreter: 'node@18', filter_env: { a: 1 }, watch: true, ignore_watch: ['logs'], cron_restart: '60 0 3 * * *', log_date_format: 'YYYY\nMM', instances: -3 },
    { script: 'c.js', increment_var: 'PORT', env: { '1A': 1 } },
    { script: 'd.js', stop_exit_codes: [1, 300], env: 'PROD', args: "it's", watch: { a: 1 } },
    'e.js',
    { script: 'f.js', cron_restart: '0 3 1 * 1', log_date_format: 'x YYYY-MM-DD', name_prefix: 'a', instances: -2, out_file: 'f.log' },
    { script: 'a.js' }, { script: 'a.js' },
  ],
  app: [],
};
