using TorchSharp;
using static TorchSharp.torch;

namespace ImageGen.Layers;

/// <summary>
/// Scaled dot-product attention with several heads (Vaswani and others, arXiv 1706.03762), the heart of BERT and CLIP:
/// every token asks a question (query), every token offers an answer (value) under a heading (key), and each takes the
/// answers whose headings fit its question.
/// </summary>
public static class Attention
{
    /// <summary>Attends: <c>softmax(Q·Kᵀ/√d)·V</c> in each head, the heads side by side again.</summary>
    /// <param name="queries">
    /// What each token asks, <c>[B, T, W]</c>: head h has the h-th W/heads of the W numbers.
    /// </param>
    /// <param name="keys">What each token is found by, <c>[B, S, W]</c>.</param>
    /// <param name="values">What each token gives, <c>[B, S, W]</c>.</param>
    /// <param name="heads">How many heads; it divides W.</param>
    /// <param name="mask">
    /// True where a query may attend to a key, bool, broadcast to <c>[B, heads, T, S]</c>; everywhere when not given.
    /// </param>
    /// <param name="dropout">The dropout probability of the attention map, in training only.</param>
    /// <param name="maps">
    /// Takes the attention map <c>[B, heads, T, S]</c>, rows that sum to 1; without it a faster, fused kernel runs.
    /// </param>
    /// <returns><c>[B, T, W]</c>.</returns>
    public static Tensor Of(
        Tensor queries, Tensor keys, Tensor values, int heads, Tensor? mask = null, double dropout = 0,
        ICollection<Tensor>? maps = null)
    {
        var (q, k, v) = (SplitHeads(queries, heads), SplitHeads(keys, heads), SplitHeads(values, heads));
        if (maps is null) return JoinHeads(Fused(q, k, v, mask, dropout));

        // How well does each question fit each heading? Scores grow with √d for no other reason than d: divided out.
        var scores = q.matmul(k.transpose(-2, -1)) / Math.Sqrt(q.shape[^1]);
        if (mask is not null) scores = scores.masked_fill(~mask, double.NegativeInfinity);
        // Attention: every row of scores becomes shares that sum to 1.
        var map = scores.softmax(-1);
        maps.Add(map);
        if (dropout > 0) map = nn.functional.dropout(map, dropout);
        return JoinHeads(map.matmul(v));
    }

    // Where the fused kernel cannot run, torch makes the whole map of scores. If that would take much of the free
    // memory, the queries come in slices: each sees all keys, so the result is the same.
    private static Tensor Fused(Tensor q, Tensor k, Tensor v, Tensor? mask, double dropout)
    {
        var rows = AttentionSlices.Rows(q.shape, k.shape[2], q.element_size(), q.device);
        if (rows >= q.shape[2]) return nn.functional.scaled_dot_product_attention(q, k, v, attn_mask: mask, p: dropout);
        var parts = new List<Tensor>();
        for (long at = 0; at < q.shape[2]; at += rows)
        {
            var count = Math.Min(rows, q.shape[2] - at);
            var part = mask is not null && mask.shape[^2] > 1 ? mask.narrow(-2, at, count) : mask;
            parts.Add(
                nn.functional.scaled_dot_product_attention(q.narrow(2, at, count), k, v, attn_mask: part, p: dropout));
        }
        return cat(parts, 2);
    }

    // [B, T, W] → [B, heads, T, W/heads]
    private static Tensor SplitHeads(Tensor x, int heads) =>
        x.view(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);

    // [B, heads, T, W/heads] → [B, T, W]
    private static Tensor JoinHeads(Tensor x) => x.transpose(1, 2).flatten(start_dim: 2);
}
