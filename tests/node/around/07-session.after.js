// A page that counts, and where it listens; the balancer in front is believed.
app.set('trust proxy', 'loopback');
app.get('/', (req, res) => {
    req.session.views = (req.session.views || 0) + 1;
    res.json({ views: req.session.views, pid: process.pid, ip: req.ip, secure: req.secure });
});

app.listen(3000);
