package io.quorate.tools.drill;

import io.quorate.client.Session;
import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.What;
import java.util.List;
import java.util.Locale;

/**
 * F2: a node that stands still half of the time makes requests to the others not slow, and nobody
 * says that it is down. It leads the metadata ring, which is the harder case.
 */
final class SlowNode implements Drill {
  private static final long STOPPED_MILLIS = 200;
  private static final long RUNNING_MILLIS = 200;
  private static final double P99_LIMIT_MILLIS = 250;

  @Override
  public String name() {
    return "slow-node";
  }

  @Override
  public String title() {
    return "the leading node stands still half of the time (SIGSTOP, SIGCONT)";
  }

  @Override
  public void run(Stage stage) {
    Report report = stage.report();
    NodeDirectory slow = stage.leader();
    List<Session> sessions = stage.others(slow).stream().map(stage::only).toList();
    Load others = stage.load("others", sessions);
    Load everywhere = stage.load();
    stage.warm();
    report.tell(
        String.format(
            Locale.ROOT,
            "%s runs for %d ms and stands still for %d ms, in turns",
            slow.name(),
            RUNNING_MILLIS,
            STOPPED_MILLIS));
    long begin = System.nanoTime();
    int pauses = 0;
    try {
      long until = System.nanoTime() + stage.holdNanos();
      while (System.nanoTime() - until < 0) {
        slow.pause(true);
        Stage.pause(STOPPED_MILLIS);
        slow.pause(false);
        Stage.pause(RUNNING_MILLIS);
        pauses++;
      }
    } finally {
      slow.pause(false);
    }
    long end = System.nanoTime();
    report.tell(String.format(Locale.ROOT, "%d pauses; it runs freely again", pauses));
    long downs = stage.chronicle().all(begin, end, sight -> sight.what() == What.DOWN).size();
    long suspicions =
        stage.chronicle().all(begin, end, sight -> sight.what() == What.SUSPECT).size();
    long leaders =
        stage.chronicle().all(begin, end, sight -> sight.what() == What.LEADS).stream()
            .map(sight -> sight.text())
            .distinct()
            .count();
    report.step(
        "detect",
        suspicions == 0 ? null : Double.valueOf(0),
        suspicions + " suspicions, " + leaders + " changes of the metadata ring's leader");
    stage.stepRoute(everywhere, begin);
    stage.stepHints(end, "the last pause");
    stage.settle(end);
    double p99 = others.figures().p99Millis();
    report.promise(
        p99 < P99_LIMIT_MILLIS,
        String.format(Locale.ROOT, "p99 through the others is %.0f ms, below 250 ms", p99));
    report.promise(
        downs == 0, String.format(Locale.ROOT, "a node was said to be DOWN %d times", downs));
    stage.promiseNoFailure();
  }
}
