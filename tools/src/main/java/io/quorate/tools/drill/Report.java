package io.quorate.tools.drill;

import io.quorate.tools.TextTable;
import io.quorate.tools.drill.Chronicle.Sight;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** One drill's story as it goes on, and at the end its timeline, its load and its promises. */
final class Report {
  private final String drill;
  private final PrintWriter out;
  private final long beginNanos = System.nanoTime();
  private final List<Step> steps = new ArrayList<>();
  private final List<Promise> promises = new ArrayList<>();
  private final List<Load.Figures> loads = new ArrayList<>();
  private final Map<String, Object> facts = new LinkedHashMap<>();
  private @Nullable String skipped;

  /**
   * One step of the timeline.
   *
   * @param seconds since what the text says; null when it was not seen
   */
  private record Step(String name, @Nullable Double seconds, String text) {}

  private record Promise(boolean isKept, String text) {}

  /**
   * @param out where the story is told while it happens
   */
  Report(String drill, PrintWriter out) {
    this.drill = drill;
    this.out = out;
  }

  String drill() {
    return drill;
  }

  /** Tells what is done now. */
  void tell(String line) {
    double seconds = (System.nanoTime() - beginNanos) / 1e9;
    out.printf(Locale.ROOT, "%6.1f s  %s%n", seconds, line);
    out.flush();
  }

  /**
   * A step of the timeline: the time from a moment to when this was seen.
   *
   * @return whether it was seen
   */
  boolean step(String name, long sinceNanos, Optional<Sight> seen, String text) {
    step(name, seen.map(sight -> (sight.nanos() - sinceNanos) / 1e9).orElse(null), text);
    return seen.isPresent();
  }

  void step(String name, @Nullable Double seconds, String text) {
    steps.add(new Step(name, seconds, text));
  }

  /** Something that this drill is there to check. */
  void promise(boolean isKept, String text) {
    promises.add(new Promise(isKept, text));
  }

  void load(Load.Figures figures) {
    loads.add(figures);
  }

  /** Something else worth knowing, for the JSON. */
  void fact(String name, Object value) {
    facts.put(name, value);
  }

  void skip(String why) {
    skipped = why;
  }

  boolean isSkipped() {
    return skipped != null;
  }

  /** How long a step took; null when it was not seen or does not exist. */
  @Nullable Double seconds(String step) {
    return steps.stream()
        .filter(one -> one.name().equals(step))
        .findFirst()
        .map(Step::seconds)
        .orElse(null);
  }

  List<String> broken() {
    return promises.stream().filter(promise -> !promise.isKept()).map(Promise::text).toList();
  }

  /** Acknowledged writes that were not there at the end. */
  String lost() {
    return String.valueOf(facts.getOrDefault("lost_writes", "-"));
  }

  /** In one line. */
  String verdict() {
    if (skipped != null) {
      return "skipped: " + skipped;
    }
    List<String> broken = broken();
    return broken.isEmpty() ? "held" : "BROKEN: " + String.join("; ", broken);
  }

  long total(java.util.function.ToLongFunction<Load.Figures> figure) {
    return loads.stream().mapToLong(figure).sum();
  }

  /** Timeline, load and promises, in 80 columns. */
  String text() {
    if (skipped != null) {
      return "skipped: " + skipped + "\n";
    }
    StringBuilder text = new StringBuilder();
    TextTable timeline = new TextTable("timeline", "after", "");
    for (Step step : steps) {
      timeline.row(
          step.name(),
          step.seconds() == null ? "-" : String.format(Locale.ROOT, "%.2f s", step.seconds()),
          step.text());
    }
    text.append('\n').append(timeline);
    TextTable table =
        new TextTable("load", "requests", "failed", "unknown", "p50 ms", "p99 ms", "max ms");
    for (Load.Figures load : loads) {
      table.row(
          load.name(),
          String.format(Locale.ROOT, "%,d", load.requests()),
          load.failed(),
          load.unknown(),
          String.format(Locale.ROOT, "%.1f", load.p50Millis()),
          String.format(Locale.ROOT, "%.1f", load.p99Millis()),
          String.format(Locale.ROOT, "%.1f", load.maxMillis()));
    }
    text.append('\n').append(table).append('\n');
    errors().forEach((error, count) -> text.append(count).append(" × ").append(error).append('\n'));
    for (Promise promise : promises) {
      text.append(promise.isKept() ? " ✓ " : " ✗ ").append(promise.text()).append('\n');
    }
    return text.toString();
  }

  private Map<String, Integer> errors() {
    Map<String, Integer> errors = new TreeMap<>();
    loads.forEach(load -> load.errors().forEach((text, n) -> errors.merge(text, n, Integer::sum)));
    return errors;
  }

  /** Names carry their units. */
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("drill", drill);
    if (skipped != null) {
      json.put("skipped", skipped);
      return json;
    }
    List<Object> timeline = new ArrayList<>();
    for (Step step : steps) {
      Map<String, @Nullable Object> entry = new LinkedHashMap<>();
      entry.put("step", step.name());
      entry.put("seconds", step.seconds());
      entry.put("text", step.text());
      timeline.add(entry);
    }
    json.put("timeline", timeline);
    json.putAll(facts);
    List<Object> all = new ArrayList<>();
    for (Load.Figures load : loads) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("load", load.name());
      entry.put("requests", load.requests());
      entry.put("failed", load.failed());
      entry.put("unknown", load.unknown());
      entry.put("acknowledged_writes", load.acknowledged());
      entry.put("p50_ms", load.p50Millis());
      entry.put("p99_ms", load.p99Millis());
      entry.put("max_ms", load.maxMillis());
      entry.put("errors", load.errors());
      all.add(entry);
    }
    json.put("loads", all);
    List<Object> checked = new ArrayList<>();
    for (Promise promise : promises) {
      checked.add(Map.of("kept", promise.isKept(), "promise", promise.text()));
    }
    json.put("promises", checked);
    json.put("held", broken().isEmpty());
    return json;
  }
}
