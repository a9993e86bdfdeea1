package io.quorate.tools.drill;

import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.client.Session;
import io.quorate.client.Statement;
import io.quorate.protocol.ConsistencyLevel;
import io.quorate.protocol.ErrorCode;
import io.quorate.tools.Quorate;
import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.What;
import java.util.List;
import java.util.Locale;

/**
 * C4b, F2: the leader of the metadata ring is cut from the other two. They go on with a new leader;
 * it refuses at once, and does not hang. Then a cut in one direction between two nodes, which the
 * third one sees to be alive: nobody is said to be down.
 */
final class Cut implements Drill {
  private static final int PROBES = 20;
  private static final long AT_ONCE_MILLIS = 250;
  private static final double BACK_LIMIT_SECONDS = 5;

  @Override
  public String name() {
    return "cut";
  }

  @Override
  public String title() {
    return "the leading node is cut from the other two; then a one-way cut";
  }

  @Override
  public boolean needsNetwork() {
    return true;
  }

  @Override
  public void run(Stage stage) {
    Report report = stage.report();
    NodeDirectory cut = stage.leader();
    List<NodeDirectory> majority = stage.others(cut);
    Load inMajority = stage.load("majority", majority.stream().map(stage::only).toList());
    Load driver = stage.load();
    Session minority = stage.only(cut);
    stage.warm();
    report.tell(
        String.format(
            Locale.ROOT,
            "%s, which leads, is cut from %s, both ways",
            cut.name(),
            Stage.text(majority)));
    long begin = System.nanoTime();
    stage.network().cutBothWays(cut, majority);
    stage.stepElect(cut, begin);
    stage.stepsDown(cut, begin);
    refusals(stage, minority, cut, knowsItIsAlone(stage, cut, majority, begin));
    stage.hold();
    stage.stepRoute(driver, begin);
    report.tell("the cut is healed");
    long healed = System.nanoTime();
    stage.network().heal();
    stage.stepBack(cut, healed, "the heal");
    Double back = report.seconds("back");
    stage.stepHints(healed, "the heal");

    NodeDirectory deaf = majority.getFirst();
    report.tell(
        String.format(
            Locale.ROOT, "one way: what %s sends to %s is lost", cut.name(), deaf.name()));
    long oneWay = System.nanoTime();
    stage.network().cut(cut, deaf);
    stage.hold();
    stage.hold();
    long downs =
        stage.chronicle().all(oneWay, System.nanoTime(), sight -> sight.what() == What.DOWN).size();
    stage.network().heal();
    long healedAgain = System.nanoTime();
    report.tell("healed");
    Stage.pause(2_000);
    stage.stepHints(healedAgain, "the second heal");
    stage.settle(healedAgain);
    Load.Figures figures = inMajority.figures();
    report.promise(
        figures.failed() + figures.unknown() == 0,
        String.format(
            Locale.ROOT,
            "%,d of %,d requests to the majority failed",
            figures.failed() + figures.unknown(),
            figures.requests()));
    report.promise(
        back != null && back < BACK_LIMIT_SECONDS,
        String.format(Locale.ROOT, "the others saw it UP %.1f s after the heal", back));
    report.promise(
        downs == 0,
        String.format(Locale.ROOT, "one way: a node was said to be DOWN %d times", downs));
  }

  /** Waits until the node that is cut off says of each of the others that it is DOWN. */
  private static boolean knowsItIsAlone(
      Stage stage, NodeDirectory cut, List<NodeDirectory> others, long begin) {
    boolean knows = true;
    for (NodeDirectory other : others) {
      knows &=
          stage
              .chronicle()
              .awaitAll(begin, List.of(cut.name()), other.name(), What.DOWN, 30)
              .isPresent();
    }
    return knows;
  }

  /** Asks the node that is cut off, once it knows. */
  private static void refusals(
      Stage stage, Session minority, NodeDirectory cut, boolean knowsItIsCut) {
    Report report = stage.report();
    int refused = 0;
    double longestMillis = 0;
    String said = "";
    for (int i = 0; i < PROBES; i++) {
      long begin = System.nanoTime();
      try {
        minority.execute(
            Statement.of("SELECT v FROM " + Load.TABLE + " WHERE id = " + i)
                .withConsistency(ConsistencyLevel.QUORUM));
        said = "an answer";
      } catch (RequestError e) {
        refused += e.code() == ErrorCode.UNAVAILABLE ? 1 : 0;
        said = Quorate.describe(e);
      } catch (ConnectionError e) {
        said = Quorate.describe(e);
      }
      longestMillis = Math.max(longestMillis, (System.nanoTime() - begin) / 1e6);
    }
    report.tell(String.format(Locale.ROOT, "%s at QUORUM: %s", cut.name(), said));
    report.fact("minority_refused", refused);
    report.fact("minority_longest_refusal_ms", longestMillis);
    report.promise(
        knowsItIsCut && refused == PROBES && longestMillis < AT_ONCE_MILLIS,
        String.format(
            Locale.ROOT,
            "the minority refused %d of %d requests, each within %.0f ms",
            refused,
            PROBES,
            longestMillis));
  }
}
