using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace StickySessions.Tests.Integration.Chaos.Histories;

/// <summary>
/// What one process of a node writes about the requests that it gets and runs. Each line is with the kernel when the call returns, so
/// it outlives a SIGKILL that comes right after. Safe for concurrent use.
/// </summary>
internal sealed class ExecutionLog(string path, string process) : IDisposable
{
    private const char Separator = '\t';
    private const string ArrivalLine = "arrived";
    private const string BeginLine = "began";
    private const string EndLine = "ended";

    private readonly Lock _guard = new();
    private readonly FileStream _file = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);

    public void Arrived(string id) => Write(ArrivalLine, id, process);

    public void Began(string id, Answer by) => Write(BeginLine, id, Format(by));

    public void Ended(string id) => Write(EndLine, id, "");

    public void Dispose() => _file.Dispose();

    public static string Format(Answer by) => string.Join(Separator, by.Session, by.Epoch, by.Process, by.Holding, by.Tag, by.Counter);

    public static Answer ParseAnswer(ReadOnlySpan<string> parts)
        => new(parts[0], Number(parts[1]), parts[2], Number(parts[3]), parts[4], long.Parse(parts[5], CultureInfo.InvariantCulture));

    public static Answer ParseAnswer(string text) => ParseAnswer(text.Split(Separator));

    /// <summary>Reads what processes have written; a last line that was cut off by a kill is none.</summary>
    public static (List<Execution> Executions, List<Arrival> Arrivals) Read(IEnumerable<string> paths)
    {
        var executions = new List<Execution>();
        var arrivals = new List<Arrival>();
        foreach (var path in paths)
        {
            var running = new Dictionary<string, int>();
            foreach (var line in CompleteLines(File.ReadAllText(path)))
            {
                var parts = line.Split(Separator);
                var (at, kind, id) = (long.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2]);
                switch (kind)
                {
                    case ArrivalLine:
                        arrivals.Add(new Arrival(id, parts[3], at));
                        break;
                    case BeginLine:
                        running[id] = executions.Count;
                        executions.Add(new Execution(id, ParseAnswer(parts.AsSpan(3)), at, Ended: null));
                        break;
                    default:
                        executions[running[id]] = executions[running[id]] with { Ended = at };
                        break;
                }
            }
        }

        return (executions, arrivals);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private static string[] CompleteLines(string text)
        => text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries);

    private void Write(string kind, string id, string rest)
    {
        lock (_guard)
        {
            var line = string.Join(Separator, Stopwatch.GetTimestamp().ToString(CultureInfo.InvariantCulture), kind, id, rest);
            _file.Write(Encoding.ASCII.GetBytes(line + "\n"));
        }
    }
}
