package io.quorate.tools.drill;

import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.Sight;
import io.quorate.tools.drill.Chronicle.What;
import java.util.List;
import java.util.Locale;

/**
 * F1, F2: a node that stands still half of the time makes requests to the others not slow, and
 * nobody says that it is down. Then it stands still for seconds, as in a long collection of
 * garbage: it is down then, the requests that it holds are answered by others, and when it wakes it
 * takes nobody for dead. It leads the metadata ring, which is the harder case.
 */
final class SlowNode implements Drill {
  private static final long STOPPED_MILLIS = 200;
  private static final long RUNNING_MILLIS = 200;
  private static final long P99_LIMIT_MILLIS = 2 * STOPPED_MILLIS;

  @Override
  public String name() {
    return "slow-node";
  }

  @Override
  public String title() {
    return "the leading node stands still half of the time, then for seconds";
  }

  @Override
  public void run(Stage stage) {
    NodeDirectory slow = stage.leader();
    Load others = stage.load("others", stage.others(slow).stream().map(stage::only).toList());
    Load driver = stage.load();
    stage.warm();
    stutter(stage, slow, others, driver);
    standStill(stage, slow, driver);
    stage.promiseNoFailure();
  }

  private static void stutter(Stage stage, NodeDirectory slow, Load others, Load driver) {
    Report report = stage.report();
    report.tell(
        String.format(
            Locale.ROOT,
            "%s runs for %d ms and stands still for %d ms, in turns",
            slow.name(),
            RUNNING_MILLIS,
            STOPPED_MILLIS));
    long begin = System.nanoTime();
    try {
      while (System.nanoTime() - begin < stage.holdNanos()) {
        slow.pause(true);
        Stage.pause(STOPPED_MILLIS);
        slow.pause(false);
        Stage.pause(RUNNING_MILLIS);
      }
    } finally {
      slow.pause(false);
    }
    double p99 = others.figures().p99Millis();
    List<Sight> seen = stage.chronicle().all(begin, System.nanoTime(), sight -> true);
    long downs = seen.stream().filter(sight -> sight.what() == What.DOWN).count();
    long terms =
        seen.stream()
            .filter(sight -> sight.what() == What.LEADS)
            .map(Sight::text)
            .distinct()
            .count();
    stage.stepRoute(driver, begin);
    report.fact("others_p99_ms", p99);
    report.promise(
        p99 < P99_LIMIT_MILLIS,
        String.format(
            Locale.ROOT, "p99 through the others was %.0f ms, below %d", p99, P99_LIMIT_MILLIS));
    report.promise(
        downs == 0,
        String.format(
            Locale.ROOT,
            "meanwhile a node was said to be DOWN %d times, %d new leaders",
            downs,
            terms));
  }

  private static void standStill(Stage stage, NodeDirectory slow, Load driver) {
    Report report = stage.report();
    report.tell(slow.name() + " stands still");
    long stopped = System.nanoTime();
    slow.pause(true);
    try {
      stage.stepElect(slow, stopped);
      stage.stepsDown(slow, stopped);
      stage.hold();
    } finally {
      slow.pause(false);
    }
    long woken = System.nanoTime();
    report.tell(slow.name() + " goes on");
    stage.stepRoute(driver, stopped);
    stage.stepBack(slow, woken, "its pause");
    stage.stepHints(woken, "its pause");
    long downs =
        stage.chronicle().all(woken, System.nanoTime(), sight -> sight.what() == What.DOWN).size();
    stage.settle(woken);
    report.promise(
        downs == 0,
        String.format(Locale.ROOT, "after its pause a node was said to be DOWN %d times", downs));
  }
}
