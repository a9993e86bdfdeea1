package io.quorate.tools;

import io.quorate.client.ConnectionError;
import io.quorate.client.RequestError;
import io.quorate.tools.bench.BenchCommand;
import io.quorate.tools.cluster.DownCommand;
import io.quorate.tools.cluster.UpCommand;
import io.quorate.tools.demo.DemoCommand;
import io.quorate.tools.drill.DrillCommand;
import io.quorate.tools.nodetool.NodeTool;
import io.quorate.tools.shell.ShellCommand;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.Spec;

/** The root command. What goes wrong in any command becomes one line and an exit code here. */
@Command(
    name = "quorate",
    description = "A leaderless, tunable-consistency store beside a Raft metadata ring.",
    mixinStandardHelpOptions = true,
    versionProvider = Quorate.Version.class,
    subcommands = {
      UpCommand.class,
      DownCommand.class,
      Quorate.NodeUsage.class,
      Quorate.StartupCacheUsage.class,
      ShellCommand.class,
      NodeTool.class,
      BenchCommand.class,
      DemoCommand.class,
      DrillCommand.class,
      RestoreCommand.class,
      LabCommand.class,
      SimCommand.class
    },
    footer = {
      "",
      "Start with: quorate up; then: quorate shell, quorate nodetool status, quorate down.",
      "quorate help COMMAND tells more. Exit codes: 0 done, 1 failed, 2 bad usage."
    })
public final class Quorate implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  public static void main(String[] arguments) {
    System.exit(run(arguments));
  }

  /** Runs one command line and returns its exit code. */
  static int run(String... arguments) {
    return commandLine().execute(arguments);
  }

  /** Everything that can be asked for, as {@link #main} takes it. */
  public static CommandLine commandLine() {
    CommandLine line = new CommandLine(new Quorate());
    line.addSubcommand(new CommandLine.HelpCommand());
    addHelp(line);
    line.setExecutionExceptionHandler(Quorate::failed);
    line.setParameterExceptionHandler(Quorate::misused);
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setAbbreviatedOptionsAllowed(false);
    line.setUsageHelpAutoWidth(true);
    return line;
  }

  /** Methods that are commands do not inherit it, and what is misused says: Try … --help. */
  private static void addHelp(CommandLine line) {
    CommandSpec spec = line.getCommandSpec();
    if (!spec.optionsMap().containsKey("--help")) {
      spec.addOption(
          OptionSpec.builder("-h", "--help")
              .usageHelp(true)
              .description("Show this help message and exit.")
              .build());
    }
    line.getSubcommands().values().forEach(Quorate::addHelp);
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return CommandLine.ExitCode.USAGE;
  }

  private static int failed(Exception failure, CommandLine command, ParseResult parsed) {
    command.getErr().println(command.getColorScheme().errorText(describe(failure)));
    if (System.getenv("QUORATE_DEBUG") != null) {
      failure.printStackTrace(command.getErr());
    }
    return CommandLine.ExitCode.SOFTWARE;
  }

  /** One line for the user, whatever was thrown. */
  public static String describe(Throwable failure) {
    String message =
        switch (failure) {
          case RequestError refused -> ErrorText.of(refused);
          case CommandFailed told -> String.valueOf(told.getMessage());
          case ConnectionError unreached -> String.valueOf(unreached.getMessage());
          default -> "internal error: " + failure + " (QUORATE_DEBUG=1 shows where)";
        };
    return message.strip().replaceAll("\\s*\\R\\s*", "; ");
  }

  private static int misused(ParameterException failure, String[] arguments) {
    PrintWriter err = failure.getCommandLine().getErr();
    err.println(failure.getMessage());
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(failure, err)) {
      err.println("Try: " + failure.getCommandLine().getCommandSpec().qualifiedName() + " --help");
    }
    return CommandLine.ExitCode.USAGE;
  }

  /** Says which build this is. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Quorate.class.getPackage().getImplementationVersion();
      return new String[] {
        "Quorate " + (version == null ? "(not packaged)" : version) + ", Java " + Runtime.version()
      };
    }
  }

  /** Stands here for the help alone: the launcher runs the server as a process of its own. */
  @Command(
      name = "node",
      mixinStandardHelpOptions = true,
      description = "Runs one server in the foreground until it is told to stop (SIGTERM).",
      customSynopsis = "quorate node --config FILE")
  static final class NodeUsage implements Callable<Integer> {
    @CommandLine.Option(
        names = "--config",
        required = true,
        paramLabel = "FILE",
        description = "its quorate.yaml")
    private String config = "";

    @Override
    public Integer call() {
      throw new CommandFailed(
          "a server runs in its own process: start it with the launcher, quorate node --config "
              + config);
    }
  }

  /** Stands here for the help alone: the launcher does it, which knows the JVM's options. */
  @Command(
      name = "startup-cache",
      mixinStandardHelpOptions = true,
      description = {
        "Makes the file beside the jars from which servers start in half of the time.",
        "A build does so, too. It takes 15 seconds, in which three nodes run on free ports of the"
            + " loopback address. The JVM leaves it aside when the jars or the JDK have changed."
      })
  static final class StartupCacheUsage implements Callable<Integer> {
    @Override
    public Integer call() {
      throw new CommandFailed("the launcher makes it: ./quorate startup-cache, with no more words");
    }
  }
}
