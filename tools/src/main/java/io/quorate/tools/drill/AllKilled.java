package io.quorate.tools.drill;

import io.quorate.tools.AdminClient;
import io.quorate.tools.Json;
import io.quorate.tools.cluster.NodeDirectory;
import io.quorate.tools.drill.Chronicle.What;
import java.util.ArrayList;
import java.util.List;

/** C3a, S4: after kill -9 of all nodes at once, whatever was acknowledged is there. */
final class AllKilled implements Drill {
  @Override
  public String name() {
    return "all-killed";
  }

  @Override
  public String title() {
    return "kill -9 of all nodes at once";
  }

  @Override
  public void run(Stage stage) {
    Report report = stage.report();
    Load load = stage.load();
    stage.warm();
    stage.hold();
    String before = metadata(stage.nodes().getFirst());
    report.tell("kill -9 of all three nodes, under load");
    stage.cluster().kill(stage.nodes());
    Stage.pause(1_000);
    report.tell("starting them again");
    long started = System.nanoTime();
    stage.start(stage.nodes());
    report.step("healthy", (System.nanoTime() - started) / 1e9, "all are ready and see each other");
    report.step(
        "elect",
        started,
        stage
            .chronicle()
            .await(started, sight -> sight.what() == What.LEADS, Stage.PATIENCE_SECONDS),
        "the metadata ring has a leader");
    boolean serves = Stage.await(() -> load.lastSuccessNanos() - started > 0);
    report.step(
        "route",
        serves ? Double.valueOf((System.nanoTime() - started) / 1e9) : null,
        "the driver of before is answered again");
    stage.hold();
    stage.stepHints(started, "the start");
    List<String> changed = new ArrayList<>();
    for (NodeDirectory node : stage.nodes()) {
      if (!metadata(node).equals(before)) {
        changed.add(node.name());
      }
    }
    stage.settle(started);
    report.promise(
        changed.isEmpty(),
        changed.isEmpty()
            ? "schema and ownership are as before at all nodes"
            : "schema or ownership are not as before at " + String.join(", ", changed));
  }

  /** Schema and ownership, as a node knows them; not who is alive. */
  private static String metadata(NodeDirectory node) {
    AdminClient admin = Stage.admin(node);
    List<String> ring = new ArrayList<>();
    for (Json token : admin.json("/v1/ring").elements()) {
      ring.add(token.text("token") + " " + token.text("host_id"));
    }
    Json cluster = admin.json("/v1/describecluster");
    return cluster.at("keyspaces").write()
        + cluster.at("schema_versions").fields().keySet().stream()
            .filter(version -> !version.equals("UNREACHABLE"))
            .toList()
        + ring;
  }
}
