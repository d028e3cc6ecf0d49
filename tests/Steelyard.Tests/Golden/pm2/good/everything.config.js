'use strict';
// Every key that does something.
module.exports = {
  apps: [
    {
      name: 'api', name_prefix: 'eu-', namespace: 'shop',
      script: './server.js', args: ['--verbose', 'two words'], node_args: '--max-old-space-size=512',
      instances: 4, exec_mode: 'cluster_mode', wait_ready: true, listen_timeout: '20s', kill_timeout: 5000,
      shutdown_with_message: true, stop_exit_codes: [0, 3], min_uptime: '5s', max_restarts: 10, exp_backoff_restart_delay: 100,
      max_memory_restart: '300M', cron_restart: '30 0 3 L * *', watch: ['src', 'views'], ignore_watch: ['node_modules', '.git', 'logs', '**/*.tmp', './public/generated/'],
      env: { NODE_ENV: 'development', LIMITS: { most: [1, '2', null, true] }, EMPTY: '' }, env_production: { NODE_ENV: 'production' }, port: 3000,
      instance_var: 'WORKER', cwd: 'api', uid: 'www-data', gid: 'adm', source_map_support: true, filter_env: ['SECRET', 'AWS_'],
      out_file: 'logs/api.log', error_file: 'logs/api-errors.log', log_date_format: 'YYYY-MM-DD HH:mm:ss.SSS [of] Z',
    },
    { script: 'queue.py', interpreter: '/usr/bin/python3', args: "--name 'a b'", autorestart: false, filter_env: 'TOKEN', restart_delay: 500, log_file: 'queue.log', out: '/dev/stdout', log_type: 'json', time: true },
    { script: 'mail.js', filter_env: true, wait_ready: true, shutdown_with_message: true, disable_logs: true, },
    { script: 'old.js', instances: 3, exec_mode: 'fork', increment_var: 'PORT', env: { PORT: 4000 }, merge_logs: true, output: '/dev/null', error: 'old-errors.log' },
    { name: 'sum', script: 'sort input.txt | uniq -c' },
    { script: 'off.js', autostart: false, },
    { script: 'gate', interpreter: 'none', min_uptime: 2000, kill_timeout: 0, watch: [], ignore_watch: 'logs *.tmp', exp_backoff_restart_delay: 100, restart_delay: 5000 },
    { script: 'both.js', instances: 2, exec_mode: 'fork', outFile: '/var/log/both-1.log', errorFile: '/var/log/both-1.log', killTimeout: 3000, args: '--name="a b" \'c d\' it\'s "e"f', max_restarts: 0 },
    { name: 'text', script: 'tool', interpreter: 'python3.11', instances: 2, merge_logs: false, out_file: 'tool.txt', error_file: 'NULL' },
  ],
  deploy: { production: { user: 'node', env: { FROM: 'deploy', NODE_ENV: 'deployed' } } },
};
