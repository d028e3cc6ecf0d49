using CsCheck;
using Steelyard.Engine.Loops;

namespace Steelyard.Tests.Loops;

/// <summary>Deadlines: never early, at most one tick late, and never slept through.</summary>
public sealed class TimerWheels
{
    private const int Entries = 24;

    private sealed class Alarm(TimerWheelRun run, int number) : TimerEntry
    {
        protected internal override void Expire() => run.Expired(number);
    }

    private enum Step
    {
        Set,
        Cancel,
        Remove,
        Advance,
        AdvanceByDelay,
    }

    /// <summary>The wheel beside a list of deadlines.</summary>
    private sealed class TimerWheelRun
    {
        private readonly TimerWheel _wheel;
        private readonly Alarm[] _alarms;
        private readonly long[] _due = new long[Entries];
        private long _now;
        private long _before;

        public TimerWheelRun(long start)
        {
            (_now, _before) = (start, start);
            _wheel = new TimerWheel(start);
            _alarms = [.. Enumerable.Range(0, Entries).Select(number => new Alarm(this, number))];
            Array.Fill(_due, TimerEntry.Never);
        }

        public void Do(Step step, int number, long time)
        {
            switch (step)
            {
                case Step.Set:
                    _due[number] = _now + time;
                    _wheel.Set(_alarms[number], _due[number]);
                    break;
                case Step.Cancel:
                    _due[number] = TimerEntry.Never;
                    _alarms[number].Cancel();
                    break;
                case Step.Remove:
                    _due[number] = TimerEntry.Never;
                    _wheel.Remove(_alarms[number]);
                    Assert.Equal(-1, _alarms[number].Tick);
                    break;
                case Step.Advance:
                    AdvanceTo(_now + time);
                    break;
                case Step.AdvanceByDelay:
                    var delay = _wheel.Delay(_now);
                    if (delay >= 0)
                        AdvanceTo(_now + delay);
                    break;
            }

            RequireDelay();
        }

        public void Drain()
        {
            for (var turns = 0; _due.Min() != TimerEntry.Never; turns++)
            {
                Assert.True(turns < 10_000, "sleeping as long as the wheel says gets there");
                Do(Step.AdvanceByDelay, 0, 0);
            }
        }

        public void Expired(int number)
        {
            Assert.True(_due[number] <= _now, $"{_due[number] - _now} ms early");
            _due[number] = TimerEntry.Never;
            Assert.Equal(TimerEntry.Never, _alarms[number].Due);
        }

        private void AdvanceTo(long time)
        {
            (_before, _now) = (_now, time);
            _wheel.Advance(_now);
            foreach (var due in _due)
            {
                // What was set for a time that is past already comes with the next tick.
                var latest = Math.Max(due, _before) + TimerWheel.TickMilliseconds;
                Assert.True(due == TimerEntry.Never || latest > _now, $"{_now - due} ms late");
            }
        }

        private void RequireDelay()
        {
            var (delay, earliest) = (_wheel.Delay(_now), _due.Min());
            if (earliest == TimerEntry.Never)
                return;
            Assert.InRange(delay, 0, Math.Max(earliest - _now, 0) + TimerWheel.TickMilliseconds);
        }
    }

    private static readonly Gen<long> Time = Gen.OneOf(
        Gen.Long[-20, 20], Gen.Long[0, 300], Gen.Long[1_900, 2_200], Gen.Long[0, 70_000], Gen.Long[500_000, 540_000], Gen.Long[0, 5_000_000]);

    [Fact]
    public void The_wheel_keeps_every_deadline_as_a_plain_list_would() =>
        Gen.Select(Gen.Long[0, 1L << 40], Gen.Select(Gen.Frequency((5, Gen.Const(Step.Set)), (1, Gen.Const(Step.Cancel)), (1, Gen.Const(Step.Remove)), (3, Gen.Const(Step.Advance)), (2, Gen.Const(Step.AdvanceByDelay))), Gen.Int[0, Entries - 1], Time).List[0, 80])
            .Sample(
                (start, steps) =>
                {
                    var run = new TimerWheelRun(start);
                    foreach (var (step, number, time) in steps)
                        run.Do(step, number, step == Step.Advance ? Math.Abs(time) : time);
                    run.Drain();
                },
                iter: 5_000);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(2_040)]
    [InlineData(2_048)]
    [InlineData(2_049)]
    [InlineData(524_287)]
    [InlineData(524_288)]
    [InlineData(86_400_000)]
    public void A_deadline_comes_within_one_tick_however_far_it_is(long due)
    {
        var run = new TimerWheelRun(start: 12_345);
        run.Do(Step.Set, 0, due);
        run.Drain();
    }

    [Fact]
    public void A_wheel_that_slept_for_an_hour_keeps_new_deadlines()
    {
        var run = new TimerWheelRun(start: 3);
        run.Do(Step.Advance, 0, 3_600_000);
        run.Do(Step.Set, 1, 1_000);
        run.Do(Step.Advance, 0, 3_600_000);
        run.Do(Step.Set, 2, 600_000);
        run.Drain();
    }

    [Fact]
    public void Without_deadlines_the_loop_may_sleep_for_ever() => Assert.Equal(-1, new TimerWheel(0).Delay(0));

    /// <summary>Sets itself again as it expires, as an idle connection does.</summary>
    private sealed class Again(TimerWheel wheel, long every) : TimerEntry
    {
        public int Times { get; private set; }

        public long Now { get; set; }

        protected internal override void Expire()
        {
            Times++;
            wheel.Set(this, Now + every);
        }
    }

    [Theory]
    [InlineData(0, 125)]
    [InlineData(1, 125)]
    [InlineData(100, 10)]
    public void An_entry_may_set_itself_again_as_it_expires(long every, int atMost)
    {
        var wheel = new TimerWheel(0);
        var again = new Again(wheel, every);
        wheel.Set(again, every);
        for (var now = 0L; now <= 1_000; now += 8)
        {
            again.Now = now;
            wheel.Advance(now);
        }

        Assert.InRange(again.Times, 1, atMost);
        Assert.Equal(1, wheel.Count);
    }
}
