package io.quorate.tools.bench;

import io.quorate.tools.Amounts;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.StringJoiner;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What was measured.
 *
 * @param latencyMicros of requests that were answered well
 * @param errors how many of each kind
 * @param clientCpuMicros of this process
 * @param stolenShare of this machine's CPU time, 0 to 1: what its host withheld meanwhile; empty
 *     when it is not known
 * @param servers what the named server processes used; null when none was named
 */
record Measurements(
    String title,
    double seconds,
    Histogram latencyMicros,
    Map<String, Long> errors,
    long clientCpuMicros,
    OptionalDouble stolenShare,
    @Nullable ProcessUsage servers) {

  /** From here on the host shows in tail latencies. */
  private static final double DISTURBING_SHARE = 0.02;

  long operations() {
    return latencyMicros.getTotalCount();
  }

  double operationsPerSecond() {
    return seconds <= 0 ? 0 : operations() / seconds;
  }

  private double each(long micros) {
    return operations() == 0 ? 0 : (double) micros / operations();
  }

  String text() {
    StringBuilder out = new StringBuilder(title).append('\n');
    line(
        out,
        "throughput",
        String.format(
            Locale.ROOT,
            "%,.0f ops/s (%,d in %.1f s)",
            operationsPerSecond(),
            operations(),
            seconds));
    line(
        out,
        "latency, us",
        String.format(
            Locale.ROOT,
            "p50 %,d · p90 %,d · p99 %,d · p99.9 %,d · max %,d",
            latencyMicros.getValueAtPercentile(50),
            latencyMicros.getValueAtPercentile(90),
            latencyMicros.getValueAtPercentile(99),
            latencyMicros.getValueAtPercentile(99.9),
            latencyMicros.getMaxValue()));
    StringJoiner kinds = new StringJoiner(" · ").setEmptyValue("none");
    errors.forEach((kind, count) -> kinds.add(kind + " " + Amounts.count(count)));
    line(out, "errors", kinds.toString());
    line(
        out,
        "client CPU",
        String.format(Locale.ROOT, "%.1f us an operation", each(clientCpuMicros)));
    if (servers != null) {
      line(
          out,
          "server CPU",
          String.format(Locale.ROOT, "%.1f us an operation", each(servers.cpuMicros())));
      line(out, "server memory", Amounts.bytes(servers.residentBytes()));
    }
    if (stolenShare.orElse(0) >= DISTURBING_SHARE) {
      line(
          out,
          "disturbed",
          String.format(
              Locale.ROOT,
              "the host withheld %.0f %% of this machine's CPU time",
              100 * stolenShare.getAsDouble()));
    }
    return out.toString();
  }

  private static void line(StringBuilder out, String name, String value) {
    out.append(String.format(Locale.ROOT, "  %-15s%s%n", name, value));
  }

  /** For files: names carry their units. */
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("title", title);
    json.put("seconds", seconds);
    json.put("operations", operations());
    json.put("operations_per_second", operationsPerSecond());
    Map<String, Object> latency = new LinkedHashMap<>();
    latency.put("mean", latencyMicros.getMean());
    for (double percentile : new double[] {50, 90, 95, 99, 99.9, 99.99}) {
      String name = "p" + (percentile % 1 == 0 ? "" + (int) percentile : "" + percentile);
      latency.put(name, latencyMicros.getValueAtPercentile(percentile));
    }
    latency.put("max", latencyMicros.getMaxValue());
    json.put("latency_us", latency);
    json.put("errors", errors);
    json.put("client_cpu_us_per_operation", each(clientCpuMicros));
    stolenShare.ifPresent(share -> json.put("stolen_cpu_share", share));
    if (servers != null) {
      json.put("server_cpu_us_per_operation", each(servers.cpuMicros()));
      json.put("server_resident_bytes", servers.residentBytes());
    }
    return json;
  }
}
