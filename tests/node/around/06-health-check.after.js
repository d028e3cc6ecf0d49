// What the guide's program looks at and leaves out, and where it listens.
async function checkDatabaseConnection() { return 'UP'; }
async function checkCacheConnection() { return 'UP'; }
async function checkDiskSpace() { return 'UP'; }

app.listen(3000);
