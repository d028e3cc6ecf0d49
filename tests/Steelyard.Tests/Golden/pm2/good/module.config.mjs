export default {
  apps: [{ script: 'app.ts', name: `web app` }],
};
