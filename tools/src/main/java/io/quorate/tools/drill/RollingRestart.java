package io.quorate.tools.drill;

import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.What;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** F9: each node in turn is drained, stopped and started, and no request fails. */
final class RollingRestart implements Drill {
  @Override
  public String name() {
    return "rolling-restart";
  }

  @Override
  public String title() {
    return "drain, stop and start of each node in turn";
  }

  @Override
  public void run(Stage stage) {
    Report report = stage.report();
    Load load = stage.load();
    stage.warm();
    NodeDirectory leader = stage.leader();
    long begin = System.nanoTime();
    for (NodeDirectory node : stage.nodes()) {
      report.tell(
          String.format(
              Locale.ROOT,
              "%s%s: drain, stop, start",
              node.name(),
              node.number() == leader.number() ? ", which led at the beginning" : ""));
      long drained = System.nanoTime();
      Stage.admin(node).post("/v1/drain", Map.of());
      long stopped = System.nanoTime();
      stage.cluster().stop(List.of(node));
      long started = System.nanoTime();
      stage.start(List.of(node));
      long done = System.nanoTime();
      report.step(
          node.name(),
          (done - drained) / 1e9,
          String.format(
              Locale.ROOT,
              "drained in %.2f s, stopped in %.2f s, healthy %.2f s after its start",
              (stopped - drained) / 1e9,
              (started - stopped) / 1e9,
              (done - started) / 1e9));
    }
    long end = System.nanoTime();
    report.step("restarted", (end - begin) / 1e9, "all three, one after the other");
    long elections =
        stage
            .chronicle()
            .all(begin, end, sight -> sight.what() == What.LEADS && !sight.text().isEmpty())
            .stream()
            .map(sight -> sight.text())
            .distinct()
            .count();
    report.fact("terms", elections);
    stage.hold();
    stage.stepRoute(load, begin);
    stage.stepHints(end, "the last start");
    stage.settle(end);
    stage.promiseNoFailure();
  }
}
