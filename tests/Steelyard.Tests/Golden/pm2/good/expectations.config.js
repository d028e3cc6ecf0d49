// steelyard: expect GET / -> pool web
module.exports = { apps: [ { name: 'web', script: 'app.js', exec_mode: 'cluster', env: { PORT: 3000 } } ] };
