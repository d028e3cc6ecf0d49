const cores = require('os').cpus().length;
module.exports = { apps: [{ script: 'app.js', instances: cores }] };
