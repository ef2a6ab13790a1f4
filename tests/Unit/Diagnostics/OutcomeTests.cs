using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using StickySessions.Diagnostics;

namespace StickySessions.Tests.Unit.Diagnostics;

/// <summary>How a request's outcome is written in each place that shows it.</summary>
public sealed class OutcomeTests
{
    private static readonly OutcomeFacts Forwarded = new(
        RequestOutcome.Forwarded, Reason: null, "default", "web-1", "web-2", "AAAAAAAAAAAAAAAAAAAAAA", Epoch: 3);

    /// <summary>Dashboards and alerts rely on them.</summary>
    [Fact]
    public void Tags_OfAllOutcomes_AreThese()
        => Assert.Equal(
            [
                "failed", "new", "token-invalid", "session-over", "placed", "local", "forwarded", "not-mine-repaired", "owner-gone", "claimed",
                "served", "refused", "shed", "disabled", "preflight", "client-error",
            ],
            Enum.GetValues<RequestOutcome>().Select(outcome => outcome.ToTag()));

    [Fact]
    public void Header_OfAForwardedRequest_NamesBothNodes()
        => Assert.Equal("forwarded; ingress=web-1; owner=web-2; epoch=3; policy=default", OutcomeHeader.Format(Forwarded));

    [Fact]
    public void Header_OfAFailure_SaysItsReason()
        => Assert.Equal(
            "failed; reason=not-joined; ingress=web-1; policy=default",
            OutcomeHeader.Format(new(RequestOutcome.Failed, StickyReasons.NotJoined, "default", "web-1", Owner: null, Session: null, Epoch: 0)));

    /// <summary>A token begins with a letter, a name of a node need not; and what another node says of itself is not trusted to be a name.</summary>
    [Theory]
    [InlineData("1-web", "\"1-web\"")]
    [InlineData("web\r\nSet-Cookie: a=b", "\"webSet-Cookie: a=b\"")]
    [InlineData("a\";b\\\u00e9", "\"a;b\"")]
    public void Header_NameThatIsNoToken_IsAString(string name, string written)
        => Assert.Equal($"forwarded; ingress=web-1; owner={written}; epoch=3; policy=default", OutcomeHeader.Format(Forwarded with { Owner = name }));

    [Fact]
    public void Scope_ForProvidersThatKeepValues_HasNamesAndValues()
        => Assert.Equal(
            [
                new("StickyOutcome", "forwarded"), new("StickySession", Forwarded.Session), new("StickyOwner", "web-2"),
                new("StickyIngress", "web-1"), new("StickyPolicy", "default"),
            ],
            new OutcomeScope(Forwarded));

    [Fact]
    public void Scope_ForProvidersThatWriteText_IsALine()
        => Assert.Equal(
            "StickyOutcome:forwarded StickySession:AAAAAAAAAAAAAAAAAAAAAA StickyOwner:web-2 StickyIngress:web-1 StickyPolicy:default",
            new OutcomeScope(Forwarded).ToString());

    [Fact]
    public void Activity_TaggedAgain_KeepsNothingOfBefore()
    {
        using var activity = new Activity("request");

        OutcomeActivity.Tag(activity, Forwarded with { Outcome = RequestOutcome.Failed, Reason = StickyReasons.OwnerLost });
        OutcomeActivity.Tag(activity, Forwarded);

        Assert.Equal(
            [
                new("stickysessions.epoch", 3L), new("stickysessions.ingress", "web-1"), new("stickysessions.outcome", "forwarded"),
                new("stickysessions.owner", "web-2"), new("stickysessions.policy", "default"), new("stickysessions.session", Forwarded.Session),
            ],
            activity.TagObjects.OrderBy(tag => tag.Key, StringComparer.Ordinal));
    }

    /// <summary>As hosting makes it for the ids in log lines.</summary>
    [Fact]
    public void Activity_ThatNobodyListensTo_IsLeftAlone()
    {
        using var activity = new Activity("request");
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpActivityFeature>(new ActivityFeature { Activity = activity });

        Assert.True(activity.IsAllDataRequested);
        Assert.Null(OutcomeActivity.Of(context));
    }

    [Theory]
    [InlineData(ActivitySamplingResult.AllData, true)]
    [InlineData(ActivitySamplingResult.PropagationData, false)]
    public void Activity_WithAListener_IsTaggedIfAllDataIsWanted(ActivitySamplingResult sampling, bool isTagged)
    {
        using var source = new ActivitySource("StickySessions.Tests.Outcomes");
        using var listener = new ActivityListener { ShouldListenTo = listened => listened == source, Sample = (ref _) => sampling };
        ActivitySource.AddActivityListener(listener);
        using var activity = source.CreateActivity("request", ActivityKind.Server);
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpActivityFeature>(new ActivityFeature { Activity = activity! });

        Assert.Equal(isTagged, OutcomeActivity.Of(context) is not null);
    }

    private sealed class ActivityFeature : IHttpActivityFeature
    {
        public required Activity Activity { get; set; }
    }
}
