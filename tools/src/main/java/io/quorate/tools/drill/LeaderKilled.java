package io.quorate.tools.drill;

import io.quorate.tools.cluster.NodeDirectory;
import java.util.List;
import java.util.Locale;

/** F4, F5, F6: a new leader in under two seconds, and no request fails. */
final class LeaderKilled implements Drill {
  private static final double ELECTION_LIMIT_SECONDS = 2;

  @Override
  public String name() {
    return "leader-killed";
  }

  @Override
  public String title() {
    return "kill -9 of the node that leads the metadata ring";
  }

  @Override
  public void run(Stage stage) {
    Report report = stage.report();
    Load load = stage.load();
    stage.warm();
    NodeDirectory leader = stage.leader();
    report.tell(
        String.format(Locale.ROOT, "kill -9 of %s, which leads the metadata ring", leader.name()));
    long killed = System.nanoTime();
    stage.cluster().kill(leader);
    Double elected = stage.stepElect(leader, killed);
    stage.stepsDown(leader, killed);
    stage.hold();
    stage.stepRoute(load, killed);
    report.tell(String.format(Locale.ROOT, "starting %s again", leader.name()));
    long restarted = System.nanoTime();
    stage.start(List.of(leader));
    stage.stepBack(leader, restarted, "its start");
    stage.stepHints(restarted, "its start");
    stage.settle(restarted);
    report.promise(
        elected != null && elected < ELECTION_LIMIT_SECONDS, "a new leader in under 2 s");
    stage.promiseNoFailure();
  }
}
