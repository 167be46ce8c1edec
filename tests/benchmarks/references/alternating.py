"""PyTorch references of convolutional GANs that move D and G in turns."""

from __future__ import annotations

import torch
from ganzoo_torch.objectives import OBJECTIVES, f_gan
from torch import Tensor, nn
from torch.nn.functional import one_hot

from references import Step, Task, written_for
from references.convolutions import alike, discriminator, features, generator, trunk
from references.torch_loop import adam, averaged, descend, in_turns, labelled, reals, uniform


def dcgan(task: Task) -> Step:
    """DCGAN's two networks in turns."""
    from ganzoo_torch.models.dcgan import Discriminator
    from ganzoo_torch.networks import ConvGenerator

    o, shape = task.options, task.data.spec.shape
    own = ConvGenerator({"z": o.z_dim}, shape, o.width), Discriminator(shape, o.width)
    nets = alike((generator(o.z_dim, o.width), discriminator(o.width, norm=True)), own)
    return in_turns(task, nets, OBJECTIVES["nonsaturating"], lr_g=o.lr, lr_d=o.lr)


def usual_pair(task: Task) -> tuple[nn.Module, nn.Module]:
    """DCGAN's networks, D with the batch norm that the option ``norm`` wants or without."""
    from ganzoo_torch import judges

    o = task.options
    own = judges.usual_pair(task.data.spec.shape, o.z_dim, width=o.width, hidden=o.hidden, norm=o.norm)
    g, d = alike((generator(o.z_dim, o.width), discriminator(o.width, norm=o.norm == "batch")), own)
    return g, d


def lsgan(task: Task) -> Step:
    """The usual pair with least squares."""
    from ganzoo_torch.models.lsgan import objective

    o = task.options
    return in_turns(task, usual_pair(task), objective(o), lr_g=o.lr, lr_d=o.lr)


def fgan(task: Task) -> Step:
    """The usual pair with the loss of a divergence."""
    from ganzoo_torch.divergences import DIVERGENCES

    o = task.options
    objective = f_gan(DIVERGENCES[o.divergence], heuristic=o.heuristic)
    return in_turns(task, usual_pair(task), objective, lr_g=o.lr, lr_d=o.lr)


def gan(task: Task) -> Step:
    """The workbench with none of its extras: a D without batch norm."""
    o = task.options
    written_for(o, penalty="none", net="auto", norm_g="batch", conditional=False, optimiser="adam", beta2=0.999)
    written_for(o, n_critic=1, clip=0.0, smoothing=1.0, noise=0.0, augment="none", dropout=0.0, l1=0.0, l2=0.0)
    return in_turns(task, usual_pair(task), OBJECTIVES[o.loss], lr_g=o.lr_g, lr_d=o.lr_d)


class Classifier(nn.Module):
    """AC-GAN's discriminator: two heads on a trunk."""

    def __init__(self, width: int, classes: int, *, norm: bool, dropout: float) -> None:
        super().__init__()
        self.trunk = nn.Sequential(*trunk(width, norm=norm, dropout=dropout))
        self.source, self.classes = nn.Linear(features(width), 1), nn.Linear(features(width), classes)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N] of "real" and [N, classes]."""
        h = self.trunk(x)
        return self.source(h).squeeze(1), self.classes(h)


def acgan(task: Task) -> Step:
    """D on reals and fakes in two passes, each with its class loss; then G with fresh z and labels."""
    from ganzoo_torch.models.acgan import SOURCE, build, class_loss

    o, classes = task.options, task.data.spec.classes
    written_for(o, class_fakes=True)
    d = Classifier(o.width, classes, norm=o.norm == "batch", dropout=o.dropout)
    g, d = alike((generator(o.z_dim + classes, o.width), d), build(o, task.data.spec.shape, classes))
    g_adam, d_adam = (adam(net.parameters(), o.lr, o.beta1) for net in (g, d))
    batches, average = labelled(task, o.batch), averaged(g, o.ema)

    def fakes() -> tuple[Tensor, Tensor]:
        y = torch.randint(classes, (o.batch,))
        return g(torch.cat((torch.randn(o.batch, o.z_dim), one_hot(y, classes).float()), 1)), y

    def step() -> tuple[float, float, float]:
        (real, y), (fake, wanted) = next(batches), fakes()
        of_real, real_classes = d(real)
        of_fake, fake_classes = d(fake.detach())
        d_loss = SOURCE.discriminator(of_real, of_fake)
        loss_of_classes = class_loss(real_classes, y) + class_loss(fake_classes, wanted)
        descend(d_adam, d_loss + o.class_weight * loss_of_classes)
        fake, wanted = fakes()
        judged, fake_classes = d(fake)
        g_loss = SOURCE.generator(judged, judged)
        descend(g_adam, g_loss + o.class_weight * class_loss(fake_classes, wanted))
        average()
        return d_loss.item(), g_loss.item(), loss_of_classes.item()

    return step


def wgan(task: Task) -> Step:
    """n_critic critic updates, each clipped parameter by parameter, then G through the critic."""
    from ganzoo_torch.models.wgan import build, critic_loss, generator_loss

    o = task.options
    plain = generator(o.z_dim, o.width), discriminator(o.width, norm=o.critic_norm)
    g, critic = alike(plain, build(o, task.data.spec.shape))
    g_rms, c_rms = (torch.optim.RMSprop(net.parameters(), o.lr, foreach=False) for net in (g, critic))
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def critic_step() -> float:
        real, fake = next(batches), g(torch.randn(o.batch, o.z_dim))
        loss = critic_loss(critic(real), critic(fake.detach()))
        descend(c_rms, loss)
        for parameter in critic.parameters():
            parameter.data.clamp_(-o.clip, o.clip)
        return loss.item()

    def step() -> tuple[float, float]:
        for _ in range(o.n_critic):
            c_loss = critic_step()
        g_loss = generator_loss(critic(g(torch.randn(o.batch, o.z_dim))))
        descend(g_rms, g_loss)
        average()
        return c_loss, g_loss.item()

    return step


def dense(before: int, after: int, *, norm: bool) -> list[nn.Module]:
    """InfoGAN's dense layer."""
    norms = [nn.BatchNorm1d(after, track_running_stats=False)] if norm else []
    return [nn.Linear(before, after, bias=not norm), *norms, nn.LeakyReLU(0.1)]


def infogan(task: Task) -> Step:
    """D with the information loss, then G and Q with theirs."""
    from ganzoo_torch.models.dcgan import discriminator_loss, generator_loss
    from ganzoo_torch.models.infogan import build, information_loss

    o, codes = task.options, (task.options.categorical, task.options.continuous, task.options.continuous)
    last = dense(features(o.width), 16 * o.width, norm=o.dense_norm)
    shared = nn.Sequential(*trunk(o.width, norm=True, slope=0.1), *last)
    logit = nn.Sequential(nn.Linear(16 * o.width, 1), nn.Flatten(0))
    d = nn.ModuleList([shared, logit])
    g = generator(o.z_dim + sum(codes[:2]), o.width, 16 * o.width)
    q = nn.Sequential(*dense(16 * o.width, 2 * o.width, norm=True), nn.Linear(2 * o.width, sum(codes)))
    alike((g, d, q), build(o, task.data.spec.shape))
    d_adam = adam(d.parameters(), o.lr_d, o.beta1)
    g_adam = adam([*g.parameters(), *q.parameters()], o.lr_g, o.beta1)
    batches, average = reals(task, o.batch), averaged(g, o.ema)

    def latents() -> tuple[Tensor, Tensor]:
        category = one_hot(torch.randint(o.categorical, (o.batch,)), o.categorical).float()
        return uniform(o.batch, o.z_dim), torch.cat((category, uniform(o.batch, o.continuous)), 1)

    def step() -> tuple[float, float, float]:
        real, (z, c) = next(batches), latents()
        features_of_fake = shared(g(torch.cat((z, c), 1)).detach())
        d_loss = discriminator_loss(logit(shared(real)), logit(features_of_fake))
        descend(d_adam, d_loss + information_loss(q(features_of_fake).split(codes, 1), c, o))
        z, c = latents()
        features_of_fake = shared(g(torch.cat((z, c), 1)))
        g_loss = generator_loss(logit(features_of_fake))
        information = information_loss(q(features_of_fake).split(codes, 1), c, o)
        descend(g_adam, g_loss + information)
        average()
        return d_loss.item(), g_loss.item(), information.item()

    return step
