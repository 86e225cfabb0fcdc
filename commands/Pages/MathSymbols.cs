using System.Collections.Frozen;

namespace ImageGen.Course.Pages;

/// <summary>What LaTeX's symbol commands stand for.</summary>
internal static class MathSymbols
{
    /// <summary>Letters: Greek and their like.</summary>
    public static readonly FrozenDictionary<string, string> Letters = Read("""
        alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ
        nu ν xi ξ pi π rho ρ sigma σ tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ Theta Θ Lambda Λ
        Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω ell ℓ hbar ℏ nabla ∇ partial ∂ infty ∞ Re ℜ Im ℑ emptyset ∅
        varnothing ∅ imath ı jmath ȷ aleph ℵ top ⊤ bot ⊥
        """);

    /// <summary>Operators and relations.</summary>
    public static readonly FrozenDictionary<string, string> Operators = Read("""
        cdot ⋅ times × div ÷ pm ± mp ∓ ast ∗ star ⋆ circ ∘ bullet ∙ odot ⊙ otimes ⊗ oplus ⊕ ominus ⊖ le ≤ leq ≤ ge ≥ geq ≥
        ll ≪ gg ≫ ne ≠ neq ≠ approx ≈ sim ∼ simeq ≃ cong ≅ equiv ≡ propto ∝ in ∈ notin ∉ ni ∋ subset ⊂ subseteq ⊆ supset ⊃
        supseteq ⊇ cup ∪ cap ∩ setminus ∖ to → rightarrow → leftarrow ← Rightarrow ⇒ Leftarrow ⇐ leftrightarrow ↔
        Leftrightarrow ⇔ mapsto ↦ longrightarrow ⟶ implies ⟹ iff ⟺ uparrow ↑ downarrow ↓ forall ∀ exists ∃ neg ¬ lnot ¬
        land ∧ wedge ∧ lor ∨ vee ∨ mid ∣ parallel ∥ perp ⊥ ldots … dots … cdots ⋯ vdots ⋮ ddots ⋱ prime ′ dagger † colon :
        coloneqq ≔ triangleq ≜ langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ lvert | rvert | lVert ‖ rVert ‖ vert |
        Vert ‖ lbrace { rbrace } lbrack [ rbrack ] { { } } | ‖ % % # # & & $ $ _ _ backslash \
        """);

    /// <summary>Operators that take their limits above and below in display style.</summary>
    public static readonly FrozenDictionary<string, string> Large = Read("""
        sum ∑ prod ∏ coprod ∐ bigcup ⋃ bigcap ⋂ bigoplus ⨁ bigotimes ⨂ bigodot ⨀ bigvee ⋁ bigwedge ⋀
        lim lim max max min min sup sup inf inf argmax arg&#x202F;max argmin arg&#x202F;min limsup lim&#x202F;sup liminf lim&#x202F;inf
        """);

    /// <summary>Integrals: their limits stand beside them.</summary>
    public static readonly FrozenDictionary<string, string> Integrals = Read("int ∫ iint ∬ iiint ∭ oint ∮");

    /// <summary>Functions, written upright.</summary>
    public static readonly FrozenSet<string> Functions =
        "log ln exp sin cos tan sinh cosh tanh arcsin arccos arctan det dim ker rank tr Pr gcd deg arg softmax sign".Split(' ').ToFrozenSet();

    /// <summary>Accents.</summary>
    public static readonly FrozenDictionary<string, string> Accents = Read(
        "hat ^ widehat ^ bar ¯ overline ¯ tilde ~ widetilde ~ vec → dot ˙ ddot ¨ check ˇ breve ˘");

    /// <summary>Spaces, in em.</summary>
    public static readonly FrozenDictionary<string, string> Spaces = Read(", 0.1667 : 0.2222 ; 0.2778 ! -0.1667 quad "
        + "1 qquad 2 enspace 0.5 thinspace 0.1667");

    private static FrozenDictionary<string, string> Read(string pairs) =>
        pairs.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Chunk(2).ToFrozenDictionary(
            pair => pair[0], pair => pair[1]);
}
