// A page to be counted, and where it listens.
app.get('/', (req, res) => res.send(String(process.pid)));

app.listen(3000);
