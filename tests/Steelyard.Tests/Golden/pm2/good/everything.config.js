'use strict';
// Every key that does something.
module.exports = {
  apps: [
    {
      name: 'api', name_prefix: 'eu-', namespace: 'shop',
      script: './server.js', args: ['--verbose', 'two words'], node_args: '--max-old-space-size=512',
      instances: 4, exec_mode: 'cluster_mode', wait_ready: true, listen_timeout: '20s', kill_timeout: 5000,
      shutdown_with_message: true, stop_exit_codes: [0, 3], min_uptime: '5s', max_restarts: 10, exp_backoff_restart_delay: 100,
      max_memory_restart: '300M', cron_restart: '0 0 3 * * *', watch: ['src', 'views'], ignore_watch: ['node_modules', '.git', 'logs', '**/*.tmp', './public/generated/'],
      env: { NODE_ENV: 'development', LIMITS: { most: [1, '2', null, true] }, EMPTY: '' }, env_production: { NODE_ENV: 'production' }, port: 3000,
      instance_var: 'WORKER', cwd: 'api', uid: 'www-data', gid: 'adm', source_map_support: true, filter_env: ['SECRET', 'AWS_'],
      out_file: 'logs/api.log', error_file: 'logs/api-errors.log', log_date_format: 'YYYY-MM-DD',
    },
    { script: 'queue.py', interpreter: '/usr/bin/python3', args: "--name 'a b'", autorestart: false, filter_env: 'TOKEN', restart_delay: 500, log_file: 'queue.log', log_type: 'json' },
    { script: 'mail.js', filter_env: true, wait_ready: true, shutdown_with_message: true, disable_logs: true, },
    { script: 'old.js', instances: 3, exec_mode: 'fork', increment_var: 'PORT', env: { PORT: 4000 }, merge_logs: true, output: '/dev/null' },
    { name: 'sum', script: 'sort input.txt | uniq -c' },
    { script: 'off.js', autostart: false, },
    { script: 'gate', interpreter: 'none', min_uptime: 2000 },
  ],
  deploy: { production: { user: 'node' } },
};
