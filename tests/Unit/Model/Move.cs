namespace StickySessions.Tests.Unit.Model;

internal enum Act
{
    Tick,
    Request,
    End,
    Beat,
    SendBeat,
    RunBeat,
    BeatReply,
    LoseBeat,
    Probe,
    LoseProbe,
    Verify,
    Step,
    Arrive,
    RunScript,
    LoseRequest,
    LoseReply,
    LoseAnswer,
    HandOff,
    Pause,
    Resume,
    Crash,
    CutFromRedis,
    ReconnectToRedis,
    CutFromPeers,
    ReconnectToPeers,
    StopRedis,
    StartRedis,
    JumpClock,
    ExpireEarly,
    Flush,
    FailOver,
}

/// <summary>One step of somebody.</summary>
/// <param name="Act">What.</param>
/// <param name="Who">The node or request.</param>
/// <param name="Choice">Another node, a token, how many writes are lost.</param>
/// <param name="Begun">The id of a request that begins.</param>
internal readonly record struct Move(Act Act, int Who = 0, int Choice = 0, int Begun = 0)
{
    /// <summary>How likely a random walk takes it, compared with the others.</summary>
    public int Weight => Act switch
    {
        Act.Tick => 40,
        Act.Beat => 20,
        Act.SendBeat or Act.RunBeat or Act.BeatReply => 8,
        Act.Step or Act.Arrive or Act.RunScript => 14,
        Act.Request => 3,
        Act.Resume or Act.ReconnectToRedis or Act.ReconnectToPeers or Act.StartRedis => 2,
        Act.Probe or Act.Verify => 20,
        Act.LoseProbe => 8,
        Act.Pause => 3,
        _ => 2,
    };

    public string Text(World before)
    {
        var (who, choice) = ((char)('A' + Who), Choice);
        return Act switch
        {
            Act.Tick => "time passes",
            Act.Request or Act.End => $"a client {(Act == Act.End ? "ends the session" : "asks")} with token {Token.Of(choice)} at {who}",
            Act.Beat => $"{who} beats",
            Act.SendBeat => $"{who} sends a beat",
            Act.RunBeat => $"the beat of {who} runs at Redis",
            Act.BeatReply => $"{who} gets the reply to its beat of t={before.Nodes[Who].Beat!.Sent}",
            Act.LoseBeat => $"the beat of {who} is lost",
            Act.LoseProbe => $"{who} asks its peers for their deadlines and hears nothing",
            Act.Probe => $"{who} asks its peers for their deadlines",
            Act.Verify => $"{who} compares what it holds with the record",
            Act.HandOff => $"{who} hands the session off to {(char)('A' + choice)}",
            Act.JumpClock => "Redis' clock jumps forward",
            Act.ExpireEarly => $"{who} is declared gone on evidence",
            Act.FailOver => $"Redis fails over and loses {choice} writes",
            Act.StopRedis or Act.StartRedis or Act.Flush => Act switch { Act.StopRedis => "Redis stops", Act.StartRedis => "Redis is back", _ => "Redis is flushed" },
            Act.Step or Act.Arrive or Act.RunScript or Act.LoseRequest or Act.LoseReply or Act.LoseAnswer => RequestText(before),
            _ => $"{who}: {Act}",
        };
    }

    private string RequestText(World before)
    {
        var request = before.Request(Who);
        var node = before.Nodes[request.At];
        return Act switch
        {
            Act.Arrive => $"{request} arrives at {node.Name}",
            Act.RunScript => $"{request} of {node.Name}: {request.Phase} runs at Redis",
            Act.LoseRequest => $"{request} is lost ({request.Phase})",
            Act.LoseReply => $"{request} of {node.Name}: the reply is lost, the same script is sent again",
            Act.LoseAnswer => $"{request}: the answer of {node.Name} is lost on its way to {before.Nodes[request.Ingress].Name}",
            _ => $"{request} at {node.Name} goes on from {request.Phase}",
        };
    }
}
